"""The bundled season: nights of every condition, with aurora by the law of Kp."""
