"""Forms in which URLs and lines of source have secrets, and how they are shown."""

from __future__ import annotations

HUSH = "hUsh7"
_RANDOM = "hUsh7aZ3kQ9xLm2Vb7Tn4Wp8Y"
_JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodXNoIn0.hUsh7_x-Y"
_UUID = "550e8400-e29b-41d4-a716-446655440000"
NAMES = [
    "pass",
    "pw",
    "pwd",
    "passwd",
    "password",
    "passphrase",
    "user_pass",
    "userPass",
    "db-pw",
    "PASSWORD",
    "PassWord",
    "code",
    "auth_code",
    "otp",
    "totp",
    "sid",
    "sess",
    "session",
    "PHPSESSID",
    "sessionId",
    "connect.sid",
    "jwt",
    "token",
    "access_token",
    "id_token",
    "refresh-token",
    "csrftoken",
    "auth",
    "oauth_verifier",
    "Authorization",
    "apikey",
    "api_key",
    "api-key",
    "X-Api-Key",
    "apiKey",
    "APIKEY",
    "key",
    "secret",
    "client_secret",
    "signature",
    "sig",
    "sign",
    "X-Amz-Signature",
    "X-Amz-Credential",
    "X-Amz-Security-Token",
    "X-Goog-Signature",
    "AWSAccessKeyId",
    "user[password]",
    "%74oken",
    "p%61ss",
]


NAMED = {
    f"http://a/?p=1&{name}=hUsh7&q=2#f": f"http://a/?p=1&{name}=***&q=2#f"
    for name in NAMES
}
FORMS = {
    # before the host
    "https://hUsh7@a/x": "https://***@a/x",
    "https://me:hUsh7@a/x": "https://me:***@a/x",
    "https://:hUsh7@a/x": "https://:***@a/x",
    f"https://{_RANDOM}:x@a/": "https://***@a/",
    "https://me:x@hUsh7@a/x": "https://me:***@a/x",
    "https://me%3AhUsh7@a/x": "https://***@a/x",
    "postgres://me:hU/hUsh7#x@a/db": "postgres://me:***@a/db",
    "//me:hUsh7@a/": "//me:***@a/",
    "http://a//me:hUsh7@b/": "http://a//me:***@b/",
    # what stands between parameters, and where they are
    "http://a/?p=1;token=hUsh7;q=2": "http://a/?p=1;token=***;q=2",
    "http://a/?p=1&amp;token=hUsh7": "http://a/?p=1&amp;token=***",
    "http://a/?token=&token=hUsh7&token=hUsh7": "http://a/?token=***&token=***&token=***",
    "http://a/?token==hUsh7/hUsh7?x": "http://a/?token=***",
    "http://a/p;jsessionid=hUsh7?p=1": "http://a/p;jsessionid=***?p=1",
    "http://a/token=hUsh7": "http://a/token=***",
    "http://a/#access_token=hUsh7&p=1": "http://a/#access_token=***&p=1",
    "http://a/#/r?otp=hUsh7": "http://a/#/r?otp=***",
    # URLs, JSON and more within a URL
    "http://a/?next=http://b/?token=hUsh7": "http://a/?next=http://b/?token=***",
    "http://a/?next=https%3A%2F%2Fb%2F%3Ftoken%3DhUsh7%26p%3D1": (
        "http://a/?next=https%3A%2F%2Fb%2F%3Ftoken%3D***%26p%3D1"
    ),
    "http://a/?n=%2Fa%3Fn%3D%252Fb%253Ftoken%253DhUsh7": (
        "http://a/?n=%2Fa%3Fn%3D%252Fb%253Ftoken%253D***"
    ),
    "http://a/?n=https%3A%2F%2Fme%3AhUsh7%40b%2F": (
        "http://a/?n=https%3A%2F%2Fme%3A***%40b%2F"
    ),
    "http://a/https%3A%2F%2Fb%3Fsid%3DhUsh7": "http://a/https%3A%2F%2Fb%3Fsid%3D***",
    "http://a/?d=%7B%22token%22%3A%22hUsh7%22%7D": (
        "http://a/?d=%7B%22token%22%3A%22***%22%7D"
    ),
    "http://a/?h=Bearer%20hUsh7": "http://a/?h=***",
    # by their look
    "http://a/bot123:AAhUsh7/getMe": "http://a/***/getMe",
    f"http://a/x/{_JWT}/y": "http://a/x/***/y",
    f"http://a/?p={_JWT}&q=2": "http://a/?p=***&q=2",
    f"http://a/{_RANDOM}/x?p=1": "http://a/***/x?p=1",
    f"http://a/?p={_RANDOM}&q=2": "http://a/?p=***&q=2",
    f"http://a/?p=hUsh7%2F{_RANDOM}%3D%3D": "http://a/?p=***",
    f"http://a/?{_RANDOM}": "http://a/?***",
    f"http://a/share/{_UUID}": "http://a/share/***",
    "http://a/x/d41d8cd98f00b204e9800998ecf8427e": "http://a/x/***",
    "http://a/?p=AKIAIOSFODNN7EXAMPLE": "http://a/?p=***",
}
"""How each is shown."""

SHOWN = [
    "http://shop.example/product.php?pid=123&page=4&q=shoes&id=5&lang=en&sort=asc",
    "http://a/?zipcode=10115&countrycode=DE&country_code=DE&promoCode=X&passenger=2",
    "http://a/?keyword=a&author=b&design=c&monkey=d&bypass=1&assess=2&signal=3&state=CA",
    "http://a/catalogue/harry-potter-and-the-philosophers-stone_1000/index.html?page=2",
    "http://a/2026-11-26T06-40-32/20261126064032123456/9780306406157",
    "http://a/ProductDetailPageViewTest/iphone-14-pro-max-256gb-deep-purple",
    "http://a1b2c3d4e5f6g7h8i9j0.cloud.example:8080/a@b",
    "http://[::1]:80/a@b",
    "http://a/a:b@c",
    "http://a/?next=https%3A%2F%2Fb%2F%3Fpage%3D2&x=%E2%82%AC",
    "http://a/1000000000000000000000000000000000000/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "the quick brown fox jumps",
]

CODE = {
    'API_KEY = "hUsh7"': 'API_KEY = "***"',
    "password: str = 'hUsh7'": "password: str = '***'",
    "x['token'] = rb'hUsh7'": "x['token'] = rb'***'",
    "x[API_KEY] = 'hUsh7'": "x[API_KEY] = '***'",
    'meta={"api_key": "hUsh7", "a": 1}': 'meta={"api_key": "***", "a": 1}',
    'auth=("hUsh7", "hUsh7"), x="y"': 'auth=("***", "***"), x="y"',
    'os.environ.get("API_KEY", "hUsh7")': 'os.environ.get("API_KEY", "***")',
    'headers={"Authorization": f"Bearer hUsh7"}': 'headers={"Authorization": f"***"}',
    'h = {"x": "Bearer hUsh7"}': 'h = {"x": "***"}',
    'yield Request("https://me:hUsh7@a/?token=hUsh7")': (
        'yield Request("https://me:***@a/?token=***")'
    ),
    'dsn = "host=a password=hUsh7"': 'dsn = "host=a password=***"',
    'secret = """hUsh7"""': 'secret = """***"""',
    'token = "hUsh7': 'token = "***',
    'if token == "hUsh7":': 'if token == "***":',
    f"kept.append('{_RANDOM}')": "kept.append('***')",
    "yield response.follow(href, self.parse, meta={'referer': response})": (
        "yield response.follow(href, self.parse, meta={'referer': response})"
    ),
    "response.xpath('//div[@class=\"x\"]/a/@href')": (
        "response.xpath('//div[@class=\"x\"]/a/@href')"
    ),
    'token = response.css("input[name=csrf]::attr(value)").get()': (
        'token = response.css("input[name=csrf]::attr(value)").get()'
    ),
    'self.seen["https://a/?page=2"] = page  # don\'t': (
        'self.seen["https://a/?page=2"] = page  # don\'t'
    ),
}
"""How each line is shown."""
