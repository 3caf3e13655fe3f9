"""What people do: one function a verb, all of it in the caller's transaction."""
