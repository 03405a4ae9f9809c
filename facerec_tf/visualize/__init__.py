"""Figures from arrays; no model code, and no pyplot, so a notebook's state stays as it is."""

from facerec_tf.visualize.contact_sheet import contact_sheet as contact_sheet
from facerec_tf.visualize.pairs_sheet import example_pairs as example_pairs
from facerec_tf.visualize.pairs_sheet import pairs_sheet as pairs_sheet
from facerec_tf.visualize.report import report_figure as report_figure
from facerec_tf.visualize.save import save as save
from facerec_tf.visualize.save import save_image as save_image
from facerec_tf.visualize.training import training_figure as training_figure
from facerec_tf.visualize.verification import verification_figure as verification_figure
