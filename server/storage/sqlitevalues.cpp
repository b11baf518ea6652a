// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/storage/sqlitevalues.h"

#include <QDateTime>

#include <algorithm>
#include <cstring>

namespace msgsrv {

QByteArray digestOf(const ListeningKey &key)
{
    const ListeningKey::Digest &digest = key.digest();
    return QByteArray(reinterpret_cast<const char *>(digest.data()), qsizetype(digest.size()));
}

std::optional<ListeningKey> keyOf(const QVariant &digest)
{
    const QByteArray bytes = digest.toByteArray();
    ListeningKey::Digest copy;
    if (std::size_t(bytes.size()) != copy.size())
        return std::nullopt;
    std::memcpy(copy.data(), bytes.constData(), copy.size());
    return ListeningKey::fromDigest(copy);
}

std::optional<UserId> userOf(const QVariant &bytes)
{
    const QByteArray text = bytes.toByteArray();
    const auto parsed = UserId::parse({text.constData(), std::size_t(text.size())});
    return parsed ? std::optional(*parsed) : std::nullopt;
}

const char *knownText(const QVariant &value, std::initializer_list<const char *> texts)
{
    const QByteArray bytes = value.toByteArray();
    const char *found = "";
    for (const char *text : texts) {
        found = text;
        if (bytes == text)
            break;
    }
    return found;
}

qint64 wallClockMs(TimePoint time)
{
    const auto age = std::chrono::duration_cast<milliseconds>(Clock::now() - time);
    return QDateTime::currentMSecsSinceEpoch() - age.count();
}

TimePoint timePoint(qint64 ms)
{
    return Clock::now() + milliseconds(ms - QDateTime::currentMSecsSinceEpoch());
}

TimePoint pastTimePoint(qint64 ms)
{
    return Clock::now() - milliseconds(std::max<qint64>(QDateTime::currentMSecsSinceEpoch() - ms, 0));
}

} // namespace msgsrv
