// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/http.h"
#include "shared/signaling/problem.h"
#include "shared/signaling/userid.h"

#include <tl/expected.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace msgsrv {

/// The members of a request's body, be it a form or a JSON object.
class RequestFields
{
public:
    struct Field
    {
        std::string name;
        std::string text; ///< the decoded string, any bytes in a form; of another JSON value its JSON text
        bool isString = true;
        QByteArray json; ///< of a JSON body: the value as it stands in the text
    };

    /// Reads `application/x-www-form-urlencoded` and `application/json`, in UTF-8. A request without body and
    /// Content-Type has no fields. JSON may be nested @p jsonDepth levels deep. Problems:
    /// UnsupportedMediaType, MalformedBody, DuplicateMember.
    [[nodiscard]] static tl::expected<RequestFields, Problem> read(const HttpRequest &request,
                                                                   int jsonDepth = 32);

    /// Null when there is no such field.
    [[nodiscard]] const Field *find(std::string_view name) const;

    /// Problem: InvalidUserId. Nothing when there is no such field.
    [[nodiscard]] tl::expected<std::optional<UserId>, Problem> userId(std::string_view name) const;
    /// As userId(), and MissingMember.
    [[nodiscard]] tl::expected<UserId, Problem> requiredUserId(std::string_view name) const;
    /// The field as JSON text: a form's as a string. Problems: MissingMember, InvalidContent.
    [[nodiscard]] tl::expected<QByteArray, Problem> requiredJson(std::string_view name) const;

private:
    std::vector<Field> m_fields;
};

} // namespace msgsrv
