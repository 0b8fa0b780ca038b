"""What many samples of one problem say."""
