// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/management/protocol.h"

#include <QByteArray>
#include <QString>

#include <tl/expected.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace msgsrv::management {

/// Who may log in from elsewhere, and as what: tokens by their hashes, and names of client certificates.
/// Immutable once the server runs.
class Credentials
{
public:
    struct Known
    {
        QString name;
        Role role = Role::None;
    };

    /// Takes the lines of a token file: `ROLE NAME TOKEN`, empty ones and those that begin with # aside. A
    /// token has at least 20 characters and no blanks, a name at most 64. The error is the end of a sentence
    /// that begins with the file's name, and never holds a token.
    [[nodiscard]] tl::expected<void, std::string> addTokens(std::string_view lines);
    /// `NAME=ROLE`: the common name of a client certificate, or `*` for any that has no line of its own. The
    /// error is the end of a sentence that begins with the text.
    [[nodiscard]] tl::expected<void, std::string> addCertificate(std::string_view line);

    [[nodiscard]] bool hasTokens() const { return !m_tokens.empty(); }
    [[nodiscard]] bool hasCertificates() const { return !m_certificates.empty(); }
    void clearTokens() { m_tokens.clear(); }
    void clearCertificates() { m_certificates.clear(); }

    /// Whose token it is. Takes as long for a wrong one as for a right one.
    [[nodiscard]] std::optional<Known> byToken(const QString &token) const;
    /// @p name is the common name of a certificate that was verified.
    [[nodiscard]] std::optional<Known> byCertificate(const QString &name) const;

private:
    struct Token
    {
        Known known;
        QByteArray digest; ///< SHA-256: the token itself is not kept
    };
    std::vector<Token> m_tokens;
    std::vector<Known> m_certificates;
};

} // namespace msgsrv::management
