// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

/// Character classes and small rules of HTTP (RFC 9110 section 5.6, RFC 9112, RFC 3986), ASCII only.
namespace msgsrv::http {

/// 1*tchar, RFC 9110 section 5.6.2.
[[nodiscard]] bool isToken(std::string_view text);

/// HTAB, SP, VCHAR and obs-text only.
[[nodiscard]] bool isFieldValue(std::string_view text);

/// Path and query of a request target. Besides RFC 3986 the characters `[]{}|^` and the backtick are let
/// pass, because browsers send them unescaped; '#', quotes, angle brackets, the backslash, blanks, controls,
/// bytes above 0x7E and a '%' without two hexadecimal digits are not.
[[nodiscard]] bool isPathAndQuery(std::string_view text);

/// host [":" port] with a host of letters, digits and `.-_~` or an IPv6 literal. Narrower than RFC 3986 on
/// purpose: the value goes into URLs and Content-Security-Policy, where `;`, `,` or `'` would mean something.
[[nodiscard]] bool isAuthority(std::string_view text);

/// Without blanks and tabs at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

[[nodiscard]] std::string lowered(std::string_view text);

/// Equal apart from ASCII case; @p lower is in lower case.
[[nodiscard]] bool equalsLower(std::string_view text, std::string_view lower);

/// True when the comma-separated @p list has the member @p lower, apart from case.
[[nodiscard]] bool listHas(std::string_view list, std::string_view lower);

} // namespace msgsrv::http
