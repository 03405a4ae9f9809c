"""`python -m facerec_tf.export`: writes a recognizer for serving; the same as `facerec export`."""

from facerec_tf.verbs.launcher import run_verb

if __name__ == "__main__":
    run_verb("export")
