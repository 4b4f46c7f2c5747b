#include <gmime/gmime.h>

// GObject's casts and type tests are macros, which Swift does not see.

static inline gboolean docproc_is_multipart(GMimeObject *object) {
  return GMIME_IS_MULTIPART(object);
}

static inline gboolean docproc_is_message(GMimeObject *object) {
  return GMIME_IS_MESSAGE_PART(object);
}

static inline gboolean docproc_is_part(GMimeObject *object) { return GMIME_IS_PART(object); }

static inline int docproc_count(GMimeObject *multipart) {
  return g_mime_multipart_get_count(GMIME_MULTIPART(multipart));
}

static inline GMimeObject *docproc_child(GMimeObject *multipart, int index) {
  return g_mime_multipart_get_part(GMIME_MULTIPART(multipart), index);
}

static inline GMimeMessage *docproc_message(GMimeObject *part) {
  return g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
}

static inline GMimeDataWrapper *docproc_content(GMimeObject *part) {
  return g_mime_part_get_content(GMIME_PART(part));
}

static inline const char *docproc_filename(GMimeObject *part) {
  return g_mime_part_get_filename(GMIME_PART(part));
}

/// NULL where the message has no date that can be read. To be freed with g_free.
static inline char *docproc_date(GMimeMessage *message) {
  GDateTime *date = g_mime_message_get_date(message);
  return date ? g_date_time_format(date, "%Y-%m-%d %H:%M %z") : NULL;
}

/// To be freed with g_free; NULL where the message has no such line.
static inline char *docproc_addresses(GMimeMessage *message, GMimeAddressType type) {
  InternetAddressList *list = g_mime_message_get_addresses(message, type);
  return list ? internet_address_list_to_string(list, NULL, FALSE) : NULL;
}
