#include <libxml/HTMLparser.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>

/// libxml2 tells of errors by a C function with a variable number of arguments, which Swift
/// cannot write. This one says nothing: what is wrong is told by what is missing.
static inline void docproc_xml_silence(void *context, const char *message, ...) {
  (void)context;
  (void)message;
}

static inline void docproc_xml_quiet(xmlSAXHandler *handler) {
  handler->error = docproc_xml_silence;
  handler->warning = docproc_xml_silence;
  handler->fatalError = docproc_xml_silence;
}
