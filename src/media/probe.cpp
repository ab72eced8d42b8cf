namespace ditto {}
