"""The decision core, the fill rules, and the engines that follow them."""
