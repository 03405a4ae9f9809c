from facerec_tf.backbones import iresnet, stages


def test_stages_come_from_image_to_embedding():
    backbone = iresnet((1, 1), (8, 8), embedding_size=4, input_shape=(16, 16, 3))
    found = stages(backbone)
    assert list(found) == ["stem", "stage1", "stage2", "head"]
    assert [layer.name for layer in found["stem"]] == ["stem_conv", "stem_bn", "stem_prelu"]
    assert found["head"][-1].name == "embedding"
    weights = [id(w) for layers in found.values() for layer in layers for w in layer.weights]
    assert weights == [id(w) for w in backbone.weights]
