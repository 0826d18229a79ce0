"""Exporting lists of people as a stream: `people` (who, page by page) with `workplaces`, then `tables`, `cards` and
`lines` (as what).
"""
