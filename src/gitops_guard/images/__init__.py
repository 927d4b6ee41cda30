"""What a team decided about images, applied to the images that files name."""
