"""The shadow slot: a statistical model run after a person has decided, whose score no one who decides sees.

It is off unless HOTLINE_SHADOW_MODEL names a model (R042, R043).
"""
