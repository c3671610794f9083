"""The tables that pass between stages, one file each; a stage imports, and depends on, those that it reads or writes.

All times are UTC unless named local, all angles degrees. `frame_id` is `<night>-<frame_no>`, see `frame_ids`.
"""
