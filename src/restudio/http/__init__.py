"""HTTP faces: decode, call one service method, encode."""
