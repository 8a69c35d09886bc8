"""What `/api/v1` answers. Each module is a group of endpoints; `blueprints` lists them."""
