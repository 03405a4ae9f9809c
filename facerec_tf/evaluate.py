"""`python -m facerec_tf.evaluate`, the same as `facerec evaluate`: verification of face pairs."""

from facerec_tf.verbs.launcher import run_verb

if __name__ == "__main__":
    run_verb("evaluate")
