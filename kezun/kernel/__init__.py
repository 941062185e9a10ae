"""What every room stands on: actions, the trail, pages, endpoints, tasks, files, masking, health.

Knows neither units nor people: an `Actor` is whoever can answer «may I?» and «is this mine?».
Owns the words: action, actor, trail, entry, anchor, page, endpoint, task, file, mask.
"""
