"""How aurora goes with geomagnetic activity and the solar wind: occurrence by Kp, and chances of aurora by the hour."""
