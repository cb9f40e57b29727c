"""Series of measurements in time, of one channel or several: sensors, ECG, seismic waves, radar."""
