"""What gunicorn writes: `--logger-class kfq_crm.web_log.WebLog`."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from kfq_crm.base.log_masks import mask_record


class WebLog(Logger):
    """Its lines of access and of errors hold no token of a signed address, nor its Referer's."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.access_log, self.error_log):
            log.addFilter(mask_record)
