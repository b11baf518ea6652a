// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/credentials.h"

#include "shared/base/utf8.h"

#include <QCryptographicHash>
#include <QStringList>

#include <algorithm>

namespace msgsrv::management {

namespace {

constexpr qsizetype shortestToken = 20; // characters
constexpr qsizetype longestName = 64;

QByteArray digestOf(const QString &token)
{
    return QCryptographicHash::hash(token.toUtf8(), QCryptographicHash::Sha256);
}

/// Looks at all of both, wherever they differ.
bool sameDigest(const QByteArray &a, const QByteArray &b)
{
    int difference = a.size() == b.size() ? 0 : 1;
    for (qsizetype i = 0; i < std::min(a.size(), b.size()); ++i)
        difference |= a.at(i) ^ b.at(i);
    return difference == 0;
}

std::optional<Role> loginRole(const QString &name)
{
    const auto role = roleFromName(name);
    return role == Role::None ? std::nullopt : role;
}

tl::unexpected<std::string> wrong(int line, const char *what)
{
    return tl::unexpected("has in line " + std::to_string(line) + ' ' + what);
}

} // namespace

tl::expected<void, std::string> Credentials::addTokens(std::string_view lines)
{
    if (!isUtf8(lines))
        return tl::unexpected(std::string("is not UTF-8"));
    std::vector<Token> found;
    int number = 0;
    for (const QString &raw : QString::fromUtf8(lines.data(), qsizetype(lines.size())).split(u'\n')) {
        ++number;
        const QString line = raw.trimmed();
        if (line.isEmpty() || line.startsWith(u'#'))
            continue;
        const QStringList words = line.simplified().split(u' ');
        if (words.size() != 3)
            return wrong(number, "not the three words ROLE NAME TOKEN");
        const auto role = loginRole(words[0]);
        if (!role)
            return wrong(number, "a role that is none of observer, operator and admin");
        if (words[1].size() > longestName)
            return wrong(number, "a name of more than 64 characters");
        if (words[2].size() < shortestToken)
            return wrong(number, "a token of less than 20 characters");
        const QByteArray digest = digestOf(words[2]);
        for (const Token &other : found) {
            if (other.known.name == words[1])
                return wrong(number, "a name that stands above already");
            if (other.digest == digest)
                return wrong(number, "a token that stands above already");
        }
        found.push_back({{words[1], *role}, digest});
    }
    if (found.empty())
        return tl::unexpected(std::string("holds no token; write lines ROLE NAME TOKEN"));
    m_tokens = std::move(found);
    return {};
}

tl::expected<void, std::string> Credentials::addCertificate(std::string_view line)
{
    const QString text = QString::fromUtf8(line.data(), qsizetype(line.size()));
    const qsizetype equals = text.lastIndexOf(u'=');
    const QString name = text.left(std::max<qsizetype>(equals, 0)).trimmed();
    const auto role = loginRole(text.mid(equals + 1).trimmed());
    if (name.isEmpty() || !role)
        return tl::unexpected(
            std::string("is no NAME=ROLE; write it like \"ops.example.org=operator\", or \"*=observer\""));
    for (const Known &other : m_certificates) {
        if (other.name == name)
            return tl::unexpected(std::string("names a certificate that has a role already"));
    }
    m_certificates.push_back({name, *role});
    return {};
}

std::optional<Credentials::Known> Credentials::byToken(const QString &token) const
{
    const QByteArray digest = digestOf(token);
    std::optional<Known> found;
    for (const Token &known : m_tokens) {
        if (sameDigest(known.digest, digest))
            found = known.known;
    }
    return found;
}

std::optional<Credentials::Known> Credentials::byCertificate(const QString &name) const
{
    std::optional<Known> any;
    for (const Known &known : m_certificates) {
        if (known.name == name)
            return known;
        if (known.name == QLatin1String("*"))
            any = Known{name, known.role};
    }
    return name.isEmpty() ? std::nullopt : any;
}

} // namespace msgsrv::management
