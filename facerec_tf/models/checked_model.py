"""CheckedModel: a Keras model that checks images and labels where they enter."""

from __future__ import annotations

from typing import Any

import keras


class CheckedModel(keras.Model):
    """A model of images whose data are checked before the first step."""

    def check_data(self, x: Any, y: Any = None) -> tuple[Any, Any]:
        """Returns checked images and labels; for a data set, the set and None.

        Raises:
            ArgumentError: If they do not fit the model.
        """
        raise NotImplementedError(f"{type(self).__name__} must override check_data.")

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.fit`."""
        x, y = self.check_data(x, y)
        held_out = kwargs.get("validation_data")
        if isinstance(held_out, (list, tuple)):
            kwargs["validation_data"] = (*self.check_data(*held_out[:2]), *held_out[2:])
        elif held_out is not None:
            kwargs["validation_data"], _ = self.check_data(held_out)
        return super().fit(x, y, *args, **kwargs)

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.evaluate`."""
        return super().evaluate(*self.check_data(x, y), *args, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.predict`."""
        return super().predict(self.check_data(x)[0], *args, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.train_on_batch`."""
        return super().train_on_batch(*self.check_data(x, y), *args, **kwargs)

    def test_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.test_on_batch`."""
        return super().test_on_batch(*self.check_data(x, y), *args, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """As `keras.Model.predict_on_batch`."""
        return super().predict_on_batch(self.check_data(x)[0])
