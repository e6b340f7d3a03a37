"""Two vendors of SMS that send nothing: Aliyun's dysms and Tencent Cloud's, at one address.

Made from the facts on both protocols alone. They check the signature of each request as it came over the wire, keep the
approved texts and what every number got, push status reports until somebody takes them, and can be told to fail.
"""
