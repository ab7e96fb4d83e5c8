"""What is drawn if nobody says; nothing heavy, for who only tells of it."""

RENDER_THRESHOLD = 0.05  # a keypoint with a score above it is drawn
