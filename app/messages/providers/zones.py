"""The zone in which parties in China write times without saying so."""

from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
