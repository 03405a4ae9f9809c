"""`python -m facerec_tf.train`: trains a recognizer; the same as `facerec train`."""

from facerec_tf.verbs.launcher import run_verb

if __name__ == "__main__":
    run_verb("train")
