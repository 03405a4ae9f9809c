"""Figures from arrays, without model code and without pyplot, whose global state they keep."""

from facerec_tf.visualize.angle_histograms import (
    angle_histograms_figure as angle_histograms_figure,
)
from facerec_tf.visualize.contact_sheet import contact_sheet as contact_sheet
from facerec_tf.visualize.decision_boundaries import (
    decision_boundaries_figure as decision_boundaries_figure,
)
from facerec_tf.visualize.embeddings import embeddings_figure as embeddings_figure
from facerec_tf.visualize.house_figure import HouseFigure as HouseFigure
from facerec_tf.visualize.logit_curves import logit_curves_figure as logit_curves_figure
from facerec_tf.visualize.pairs_sheet import example_pairs as example_pairs
from facerec_tf.visualize.pairs_sheet import pairs_sheet as pairs_sheet
from facerec_tf.visualize.report import report_figure as report_figure
from facerec_tf.visualize.save import save as save
from facerec_tf.visualize.save import save_image as save_image
from facerec_tf.visualize.sphere import sphere_figure as sphere_figure
from facerec_tf.visualize.training import training_figure as training_figure
from facerec_tf.visualize.verification import verification_figure as verification_figure
