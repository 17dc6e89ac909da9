"""Where static files are served from, under names that hold their content."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class PortalStorage(CompressedManifestStaticFilesStorage):
    """Modules import one another by path; the names there get their content too."""

    support_js_module_import_aggregation = True
