"""What lies outside: other people's servers, and the folder that stands in for one."""
