// Two runs side by side: nothing moves but the colours.

themeChanged();
