// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/management/protocol.h"

#include <QStringView>

namespace msgsrv::management {

QLatin1String toString(Role role)
{
    switch (role) {
    case Role::None:
        break;
    case Role::Observer:
        return QLatin1String("observer");
    case Role::Operator:
        return QLatin1String("operator");
    case Role::Admin:
        return QLatin1String("admin");
    }
    return QLatin1String("none");
}

std::optional<Role> roleFromName(QStringView name)
{
    for (const Role role : {Role::None, Role::Observer, Role::Operator, Role::Admin}) {
        if (name == toString(role))
            return role;
    }
    return {};
}

} // namespace msgsrv::management
