# SPDX-License-Identifier: GPL-3.0-or-later
# msg_layer(folder LINKS ...): a static library from all sources of one folder.
# msg_program(name main.cpp layer): a program, which is a layer and a main.cpp. The target `programs` is all of them.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_AUTOMOC ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

find_program(MSGSRV_CCACHE ccache)
if(MSGSRV_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${MSGSRV_CCACHE})
endif()

add_library(msgsrv_options INTERFACE)
target_include_directories(msgsrv_options INTERFACE ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_definitions(msgsrv_options INTERFACE
    QT_NO_CAST_FROM_ASCII QT_NO_CAST_TO_ASCII QT_NO_URL_CAST_FROM_STRING QT_NO_FOREACH
    QT_NO_CONTEXTLESS_CONNECT QT_NO_JAVA_STYLE_ITERATORS QT_DISABLE_DEPRECATED_BEFORE=0x060400
    MSGSRV_VERSION="${PROJECT_VERSION}")
target_compile_options(msgsrv_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
    $<$<BOOL:${MSGSRV_WERROR}>:-Werror>)
if(MSGSRV_ASAN OR MSGSRV_TSAN)
    # GCC's "maybe" is about paths that only its instrumentation makes; lines are enough of debug information.
    add_compile_options(-O1 -g1 -Wno-maybe-uninitialized)
endif()
if(MSGSRV_ASAN)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
elseif(MSGSRV_TSAN)
    add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
    add_link_options(-fsanitize=thread)
endif()

function(msg_layer folder)
    cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
    string(REPLACE "/" "_" target ${folder})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp
         ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.h ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.qrc)
    if(NOT sources MATCHES "\\.cpp")
        add_library(${target} INTERFACE)
        target_link_libraries(${target} INTERFACE ${ARG_LINKS})
        return()
    endif()
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC ${ARG_LINKS} PRIVATE msgsrv_options)
    set_target_properties(${target} PROPERTIES AUTORCC ON)
endfunction()

add_custom_target(programs)

function(msg_program name main layer)
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${main})
        return()
    endif()
    add_executable(${name} ${main})
    target_link_libraries(${name} PRIVATE ${layer} msgsrv_options)
    add_dependencies(programs ${name})
endfunction()
