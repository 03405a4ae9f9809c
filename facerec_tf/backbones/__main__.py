"""`python -m facerec_tf.backbones`: lists all networks; the same as `facerec backbones`."""

from facerec_tf.verbs.launcher import run_verb

if __name__ == "__main__":
    run_verb("backbones")
