"""Pure formulas of the model, without Mesa: floats in, floats out; columns in, columns out."""
