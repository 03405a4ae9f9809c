"""`python -m facerec_tf.align`, the same as `facerec align`: aligned crops of photographs."""

from facerec_tf.verbs.launcher import run_verb

if __name__ == "__main__":
    run_verb("align")
