-- Which machine a device's daemon serves; none: a client.
ALTER TABLE devices ADD COLUMN machine_key TEXT;
