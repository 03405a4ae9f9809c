"""`python -m facerec_tf VERB --flags`, the same as `facerec VERB --flags`."""

from facerec_tf.verbs.launcher import main

if __name__ == "__main__":
    main()
