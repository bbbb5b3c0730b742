"""Slack's numbers. Lengths are in characters, counts in items.

Sources: Slack's Block Kit reference (docs.slack.dev/reference/block-kit), its views reference, and
`chat.postMessage`. Where Slack's documents and its servers disagree, the smaller number stands here.
"""

from typing import Final

MESSAGE_BLOCKS: Final = 50
VIEW_BLOCKS: Final = 100
MESSAGE_TEXT: Final = 40_000
MARKDOWN_TEXT: Final = 12_000  # over all markdown blocks of a message

BLOCK_ID: Final = 255
ACTION_ID: Final = 255
HEADER_TEXT: Final = 150
SECTION_TEXT: Final = 3000
SECTION_FIELDS: Final = 10
FIELD_TEXT: Final = 2000
CONTEXT_ELEMENTS: Final = 10
CONTEXT_TEXT: Final = 3000
ACTIONS_ELEMENTS: Final = 25

IMAGE_URL: Final = 3000
ALT_TEXT: Final = 2000
IMAGE_TITLE: Final = 2000

VIDEO_TITLE: Final = 200
VIDEO_AUTHOR: Final = 50
VIDEO_PROVIDER: Final = 50
VIDEO_DESCRIPTION: Final = 200

INPUT_LABEL: Final = 2000
INPUT_HINT: Final = 2000
PLAIN_TEXT_INPUT: Final = 3000
PLACEHOLDER: Final = 150

BUTTON_TEXT: Final = 75
BUTTON_VALUE: Final = 2000
BUTTON_URL: Final = 3000
ACCESSIBILITY_LABEL: Final = 75
SELECT_OPTIONS: Final = 100
OPTION_GROUPS: Final = 100
OPTION_GROUP_LABEL: Final = 75
OVERFLOW_OPTIONS: Final = 5
RADIO_OPTIONS: Final = 10
CHECKBOX_OPTIONS: Final = 10
OPTION_TEXT: Final = 75
OPTION_VALUE: Final = 75  # 150 in Slack's reference; 75 holds everywhere
OPTION_DESCRIPTION: Final = 75
OPTION_URL: Final = 3000
FILE_INPUT_FILES: Final = 10

CONFIRM_TITLE: Final = 100
CONFIRM_TEXT: Final = 300
CONFIRM_BUTTON: Final = 30

TABLE_ROWS: Final = 100
TABLE_COLUMNS: Final = 20
DATA_TABLE_ROWS: Final = 201  # with the header row
DATA_TABLE_COLUMNS: Final = 20
DATA_TABLE_PAGE: Final = 100

VIEW_TITLE: Final = 24
VIEW_SUBMIT: Final = 24
VIEW_CLOSE: Final = 24
PRIVATE_METADATA: Final = 3000
CALLBACK_ID: Final = 255
EXTERNAL_ID: Final = 255
