// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace msgsrv::test {

/// A self-signed certificate for localhost and 127.0.0.1, made with openssl.
struct Certificate
{
    QString certificateFile;
    QString keyFile;

    /// Makes one in @p folder; both paths are empty when openssl failed.
    [[nodiscard]] static Certificate make(const QString &folder);
};

} // namespace msgsrv::test
