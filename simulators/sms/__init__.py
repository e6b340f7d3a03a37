"""Two SMS services as their documents describe them, Aliyun's and Tencent Cloud's: they send nothing to anybody.

A shop hands over a number, the number of a *text* that was approved, and the values of its *variables*. What is taken
is a *message*: it ends by a *receipt*, posted to the address that the shop entered in the console, and again after 1,
5 and 10 minutes until the shop says it has it. Each number takes so many a minute, an hour and a day. Both services
refuse with status 200, Aliyun in the code of the answer, Tencent Cloud in that of the number.

Every request must be signed (ACS3, TC3); signatures are made anew from the headers that a request says it signed.
*Faults* make the services ill on demand. Whoever opens the page sees what the phones would have shown.
"""
