"""COCO's files of people and their keypoints: truths, results and datasets."""
