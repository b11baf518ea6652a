// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/sdp.h"

#include <QCoreApplication>
#include <QHash>
#include <QHostAddress>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <utility>

namespace msgsrv::console {

namespace {

struct Words
{
    Q_DECLARE_TR_FUNCTIONS(Sdp)
};

constexpr int deepest = 4;
constexpr qsizetype longest = 1024 * 1024;

QString meaningOf(QChar type, const QString &value)
{
    if (type == QLatin1Char('m'))
        return Words::tr("a media section");
    if (type == QLatin1Char('o'))
        return Words::tr("who made it, and which version");
    if (type == QLatin1Char('c'))
        return Words::tr("where media would go; WebRTC does not use it");
    if (type != QLatin1Char('a'))
        return {};
    static const QHash<QString, const char *> meanings{
        {QStringLiteral("group"), QT_TRANSLATE_NOOP("Sdp", "media that share one transport")},
        {QStringLiteral("ice-ufrag"), QT_TRANSLATE_NOOP("Sdp", "ICE user")},
        {QStringLiteral("ice-pwd"), QT_TRANSLATE_NOOP("Sdp", "ICE password")},
        {QStringLiteral("ice-options"), QT_TRANSLATE_NOOP("Sdp", "ICE features")},
        {QStringLiteral("fingerprint"), QT_TRANSLATE_NOOP("Sdp", "certificate that DTLS will use")},
        {QStringLiteral("setup"), QT_TRANSLATE_NOOP("Sdp", "who begins DTLS")},
        {QStringLiteral("mid"), QT_TRANSLATE_NOOP("Sdp", "name of the section")},
        {QStringLiteral("sendrecv"), QT_TRANSLATE_NOOP("Sdp", "sends and receives")},
        {QStringLiteral("sendonly"), QT_TRANSLATE_NOOP("Sdp", "only sends")},
        {QStringLiteral("recvonly"), QT_TRANSLATE_NOOP("Sdp", "only receives")},
        {QStringLiteral("inactive"), QT_TRANSLATE_NOOP("Sdp", "neither sends nor receives")},
        {QStringLiteral("rtcp-mux"), QT_TRANSLATE_NOOP("Sdp", "RTP and RTCP on one port")},
        {QStringLiteral("rtpmap"), QT_TRANSLATE_NOOP("Sdp", "a codec")},
        {QStringLiteral("fmtp"), QT_TRANSLATE_NOOP("Sdp", "settings of a codec")},
        {QStringLiteral("rtcp-fb"), QT_TRANSLATE_NOOP("Sdp", "feedback for a codec")},
        {QStringLiteral("candidate"), QT_TRANSLATE_NOOP("Sdp", "an ICE candidate")},
        {QStringLiteral("extmap"), QT_TRANSLATE_NOOP("Sdp", "an RTP header extension")},
        {QStringLiteral("sctp-port"), QT_TRANSLATE_NOOP("Sdp", "port of the data channels")},
        {QStringLiteral("msid"), QT_TRANSLATE_NOOP("Sdp", "stream and track")},
        {QStringLiteral("ssrc"), QT_TRANSLATE_NOOP("Sdp", "an RTP source")}};
    const char *found = meanings.value(value.section(QLatin1Char(':'), 0, 0), nullptr);
    return found == nullptr ? QString() : Words::tr(found);
}

/// Appends all string members called @p name in @p value, down to a depth; strings that hold JSON are looked
/// into.
void membersIn(const QJsonValue &value, QLatin1String name, int depth, QStringList &found)
{
    if (depth > deepest)
        return;
    if (value.isString()) {
        const QString text = value.toString();
        const QString start = text.left(100).trimmed();
        if (text.size() > longest
            || !(start.startsWith(QLatin1Char('{')) || start.startsWith(QLatin1Char('['))))
            return;
        const QJsonDocument inner = QJsonDocument::fromJson(text.toUtf8());
        membersIn(inner.isArray() ? QJsonValue(inner.array()) : QJsonValue(inner.object()), name, depth + 1,
                  found);
    } else if (value.isArray()) {
        for (const QJsonValue &entry : value.toArray())
            membersIn(entry, name, depth + 1, found);
    } else if (value.isObject()) {
        const QJsonObject object = value.toObject();
        for (auto member = object.begin(); member != object.end(); ++member) {
            const QString text = member.value().toString();
            if (member.key() == name && member.value().isString()
                && !text.trimmed().startsWith(QLatin1Char('{')))
                found.append(text);
            else
                membersIn(member.value(), name, depth + 1, found);
        }
    }
}

/// The first string member called @p name in @p value, down to a depth; strings that hold JSON are looked
/// into.
QString memberIn(const QJsonValue &value, QLatin1String name, int depth)
{
    if (depth > deepest)
        return {};
    if (value.isString()) {
        const QString text = value.toString();
        if (text.size() > longest || !text.trimmed().startsWith(QLatin1Char('{')))
            return {};
        return memberIn(QJsonDocument::fromJson(text.toUtf8()).object(), name, depth + 1);
    }
    if (value.isArray()) {
        for (const QJsonValue &entry : value.toArray()) {
            const QString found = memberIn(entry, name, depth + 1);
            if (!found.isEmpty())
                return found;
        }
        return {};
    }
    const QJsonObject object = value.toObject();
    const QJsonValue direct = object.value(name);
    if (direct.isString() && !direct.toString().trimmed().startsWith(QLatin1Char('{')))
        return direct.toString();
    for (const QJsonValue &entry : object) {
        const QString found = memberIn(entry, name, depth + 1);
        if (!found.isEmpty())
            return found;
    }
    return {};
}

} // namespace

Sdp Sdp::parse(const QString &text)
{
    Sdp sdp;
    const QStringList lines = text.left(longest).split(QLatin1Char('\n'));
    for (QString line : lines) {
        line = line.trimmed();
        if (line.size() < 2 || line.at(1) != QLatin1Char('='))
            continue;
        const QChar type = line.at(0);
        const QString value = line.mid(2);
        if (sdp.sections.empty())
            sdp.sections.push_back(
                {.title = Words::tr("session"), .media = {}, .codecs = {}, .lines = {}, .formats = {}});
        if (type == QLatin1Char('m')) {
            const QStringList words = value.split(QLatin1Char(' '), Qt::SkipEmptyParts);
            const QString media = words.value(0);
            sdp.sections.push_back({.title = media,
                                    .media = media,
                                    .codecs = {},
                                    .lines = {},
                                    .formats = words.mid(3),
                                    .port = words.value(1).toInt()});
        }
        Section &section = sdp.sections.back();
        if (value.startsWith(QLatin1String("mid:")))
            section.title = Words::tr("%1 (mid %2)").arg(section.media, value.mid(4));
        else if (value.startsWith(QLatin1String("rtpmap:")))
            section.codecs.append(value.section(QLatin1Char(' '), 1));
        section.lines.push_back({type, value, meaningOf(type, value)});
    }
    return sdp;
}

bool Sdp::Section::has(const QString &attribute) const
{
    return std::any_of(lines.begin(), lines.end(), [&attribute](const Line &line) {
        return line.type == QLatin1Char('a') && line.value == attribute;
    });
}

bool Sdp::Section::isRejected() const
{
    return port == 0 && !has(QStringLiteral("bundle-only"));
}

QString Sdp::textIn(const QString &content)
{
    if (content.startsWith(QLatin1String("v=0")))
        return content;
    return memberIn(QJsonValue(content), QLatin1String("sdp"), 0);
}

IceCandidate IceCandidate::parse(const QString &line)
{
    IceCandidate candidate;
    QString text = line.trimmed();
    if (text.startsWith(QLatin1String("a=")))
        text.remove(0, 2);
    if (!text.startsWith(QLatin1String("candidate:")))
        return candidate;
    const QStringList words = text.mid(10).split(QLatin1Char(' '), Qt::SkipEmptyParts);
    if (words.size() < 8 || words.at(6) != QLatin1String("typ"))
        return candidate;
    candidate.transport = words.at(2).toLower();
    candidate.priority = words.at(3).toUInt();
    candidate.address = words.at(4);
    candidate.port = words.at(5).toInt();
    candidate.type = words.at(7);
    QString address;
    for (qsizetype i = 8; i + 1 < words.size(); i += 2) {
        if (words.at(i) == QLatin1String("raddr"))
            address = words.at(i + 1);
        else if (words.at(i) == QLatin1String("rport"))
            candidate.related = address + QLatin1Char(':') + words.at(i + 1);
    }
    return candidate;
}

std::vector<IceCandidate> IceCandidate::allIn(const QString &content)
{
    std::vector<IceCandidate> all;
    const auto add = [&all](const QString &line) {
        const IceCandidate candidate = parse(line);
        if (candidate.isValid())
            all.push_back(candidate);
    };
    const QString sdp = Sdp::textIn(content);
    if (!sdp.isEmpty()) {
        for (const QString &line : sdp.split(QLatin1Char('\n')))
            add(line);
        return all;
    }
    QStringList lines;
    membersIn(QJsonValue(content), QLatin1String("candidate"), 0, lines);
    if (lines.isEmpty())
        lines.append(content);
    for (const QString &line : std::as_const(lines))
        add(line);
    return all;
}

bool IceCandidate::isPublicHost() const
{
    // Special-purpose addresses: RFC 6890, RFC 5737, RFC 3849, RFC 4193.
    static const QList<QPair<QHostAddress, int>> local = [] {
        QList<QPair<QHostAddress, int>> blocks;
        for (const char *block :
             {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
              "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
              "::1/128", "2001:db8::/32", "fc00::/7", "fe80::/10"})
            blocks.append(QHostAddress::parseSubnet(QLatin1String(block)));
        return blocks;
    }();
    const QHostAddress parsed(address);
    return type == QLatin1String("host") && !parsed.isNull()
        && std::none_of(local.begin(), local.end(),
                        [&parsed](const auto &block) { return parsed.isInSubnet(block); });
}

} // namespace msgsrv::console
