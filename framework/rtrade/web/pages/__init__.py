"""The pages of the viewer. Each module is a blueprint; `blueprints` lists them."""
