// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/signaling/redact.h"

#include "shared/base/json.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QString>

#include <arpa/inet.h>
#include <cstring>

namespace msgsrv {

namespace {

const QString stars = QStringLiteral("***");

/// JSON within strings within JSON: nobody nests deeper.
constexpr int deepest = 8;

bool isSecretName(const QString &name)
{
    static const QRegularExpression secret(
        QStringLiteral("^(?:.*(?:password|passwd|passcode|passphrase|secret|credential|token)|"
                       "listening_?key|authorization|ice_?-?pwd|pwd|key|private_?key|api_?key)$"),
        QRegularExpression::CaseInsensitiveOption);
    return secret.match(name).hasMatch();
}

QJsonValue redact(const QJsonValue &value, int depth);

QString redactText(const QString &text, int depth)
{
    const QString outer = text.trimmed();
    if (depth < deepest && (outer.startsWith(u'{') || outer.startsWith(u'['))) {
        const QByteArray bytes = outer.toUtf8();
        if (checkJson({bytes.constData(), std::size_t(bytes.size())}, 64)) {
            const auto inner = QJsonDocument::fromJson(bytes);
            const QJsonValue clean
                = redact(inner.isArray() ? QJsonValue(inner.array()) : QJsonValue(inner.object()), depth + 1);
            return QString::fromUtf8(
                (clean.isArray() ? QJsonDocument(clean.toArray()) : QJsonDocument(clean.toObject()))
                    .toJson(QJsonDocument::Compact));
        }
    }
    static const QRegularExpression icePassword(QStringLiteral("(a=ice-pwd:)[^\\s\"\\\\]*"),
                                                QRegularExpression::CaseInsensitiveOption);
    static const QRegularExpression sdes(QStringLiteral("(a=crypto:[^\\r\\n]*?inline:)[^\\s\"\\\\|]*"),
                                         QRegularExpression::CaseInsensitiveOption);
    static const QRegularExpression key(QStringLiteral("queue\\.[A-Za-z0-9_-]{22}"));
    QString clean = text;
    clean.replace(icePassword, QStringLiteral("\\1***"));
    clean.replace(sdes, QStringLiteral("\\1***"));
    clean.replace(key, stars);
    return clean;
}

QJsonValue redact(const QJsonValue &value, int depth)
{
    if (value.isString())
        return redactText(value.toString(), depth);
    if (value.isArray()) {
        QJsonArray clean;
        for (const QJsonValue &element : value.toArray())
            clean.append(redact(element, depth));
        return clean;
    }
    if (value.isObject()) {
        QJsonObject clean;
        const QJsonObject object = value.toObject();
        for (auto it = object.begin(); it != object.end(); ++it) {
            const bool secret = isSecretName(it.key()) && !it.value().isObject() && !it.value().isArray();
            clean.insert(redactText(it.key(), deepest),
                         secret ? QJsonValue(stars) : redact(it.value(), depth));
        }
        return clean;
    }
    return value;
}

} // namespace

QJsonValue redactedContent(std::string_view contentJson)
{
    // As the one element of an array, since QJsonDocument takes no bare values.
    const QByteArray wrapped
        = '[' + QByteArray::fromRawData(contentJson.data(), qsizetype(contentJson.size())) + ']';
    if (!checkJson({wrapped.constData(), std::size_t(wrapped.size())}, 1001))
        return QJsonValue::Null;
    const QJsonArray array = QJsonDocument::fromJson(wrapped).array();
    return array.size() == 1 ? redact(array.at(0), 0) : QJsonValue(QJsonValue::Null);
}

QByteArray maskedAddress(const QByteArray &address)
{
    char text[INET6_ADDRSTRLEN] = {};
    in_addr four = {};
    if (::inet_pton(AF_INET, address.constData(), &four) == 1) {
        four.s_addr &= htonl(0xffffff00U);
        ::inet_ntop(AF_INET, &four, text, sizeof text);
        return QByteArray(text) + "/24";
    }
    in6_addr six = {};
    const QByteArray withoutScope = address.split('%').constFirst();
    if (::inet_pton(AF_INET6, withoutScope.constData(), &six) == 1) {
        constexpr std::size_t kept = 6; // bytes
        std::memset(six.s6_addr + kept, 0, sizeof six.s6_addr - kept);
        ::inet_ntop(AF_INET6, &six, text, sizeof text);
        return QByteArray(text) + "/48";
    }
    return {};
}

} // namespace msgsrv
