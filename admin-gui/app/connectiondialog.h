// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/app/profile.h"

#include <QDialog>

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QListWidget;
class QPushButton;

namespace msgsrv::console {

class AccessForm;

/// The connection manager: profiles, and which of them to connect to.
class ConnectionDialog : public QDialog
{
    Q_OBJECT

public:
    explicit ConnectionDialog(std::vector<Profile> profiles, int current, QWidget *parent = nullptr);

    [[nodiscard]] const std::vector<Profile> &profiles() const { return m_profiles; }
    [[nodiscard]] int current() const;

private:
    void fillList(int current);
    void showProfile();
    void takeEdits();
    void check(); ///< whether one can connect by what is shown
    void add();
    void remove();

    std::vector<Profile> m_profiles;
    QListWidget *m_list;
    QLineEdit *m_name;
    AccessForm *m_access;
    QComboBox *m_color;
    QCheckBox *m_readOnly;
    QPushButton *m_remove;
    QLabel *m_problem;
    QPushButton *m_connect = nullptr;
    bool m_showing = false;
};

} // namespace msgsrv::console
