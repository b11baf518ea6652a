// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/iceservers.h"

#include "shared/base/json.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <string_view>

namespace msgsrv {

namespace {

bool isTurn(const QByteArray &url)
{
    return url.toLower().startsWith("turn");
}

void appendString(std::string &json, const QByteArray &utf8)
{
    appendJsonString(json, std::string_view(utf8.constData(), std::size_t(utf8.size())));
}

/// `"urls":[...]` of the URLs that are TURN's, or that are not; empty when there is none.
std::string urlsMember(const std::vector<QByteArray> &urls, bool turn)
{
    std::string list;
    for (const QByteArray &url : urls) {
        if (isTurn(url) != turn)
            continue;
        if (!list.empty())
            list.push_back(',');
        appendString(list, url);
    }
    return list.empty() ? list : "\"urls\":[" + list + ']';
}

} // namespace

QByteArray turnCredential(const QByteArray &secret, const QByteArray &username)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    const auto *ok = HMAC(EVP_sha1(), secret.constData(), int(secret.size()),
                          reinterpret_cast<const unsigned char *>(username.constData()),
                          std::size_t(username.size()), digest.data(), &size);
    if (!ok)
        qFatal("OpenSSL has no HMAC-SHA1, which TURN credentials need");
    return QByteArray(reinterpret_cast<const char *>(digest.data()), qsizetype(size)).toBase64();
}

std::string iceServersJson(const IceSettings &settings, const UserId &userId, qint64 unixSeconds)
{
    std::string entries;
    if (const std::string stun = urlsMember(settings.urls, false); !stun.empty())
        entries += '{' + stun + '}';
    if (const std::string turn = urlsMember(settings.urls, true);
        !turn.empty() && !settings.turnSecret.isEmpty()) {
        const QByteArray username
            = QByteArray::number(unixSeconds + settings.ttl.count()) + ':' + userId.bytes();
        if (!entries.empty())
            entries.push_back(',');
        entries += '{' + turn + ",\"username\":";
        appendString(entries, username);
        entries += ",\"credential\":";
        appendString(entries, turnCredential(settings.turnSecret, username));
        entries.push_back('}');
    }
    return entries.empty() ? entries : '[' + entries + ']';
}

} // namespace msgsrv
