-- Which device made the code, and ends with it; none: the relay's own console.
ALTER TABLE pairing_codes ADD COLUMN maker TEXT;
