"""What scanners know of images: one file for each format or service, behind one interface."""
